/** Real programs on a busy machine take their time; a ceiling, not a wait. */
jest.setTimeout(120_000);
