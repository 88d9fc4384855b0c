const root = process.getuid?.() === 0;

/** Describes what needs root: network namespaces, the kernel's firewall, a tree's programs. Without root each test is listed as a skip. */
export const describeAsRoot: jest.Describe = root ? describe : describe.skip;

/** The same for one test, of what gives files to users. */
export const itAsRoot: jest.It = root ? it : it.skip;
