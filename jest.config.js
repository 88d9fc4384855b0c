const swc = {
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};
const tier = (displayName, settings) => ({
  displayName,
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  transform: { '^.+\\.[cm]?ts$': ['@swc/jest', swc] },
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  ...settings,
});
const patient = { setupFilesAfterEnv: ['<rootDir>/test/support/patience.ts'] };

/** Live tests that hold whole crowds to a second or three: nothing else is to run beside them. */
const TIMED = ['hostile', 'shared-store', 'event-rush'].map((name) => `/test/live/${name}.test.ts`);

/**
 * `unit` needs nothing; `contract` runs fakes anywhere and real ones as root; `live` and `timed` are all real and need
 * root.
 */
/** @type {import('jest').Config} */
module.exports = {
  projects: [
    tier('unit', {
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/test/contract/', '/test/live/'],
      ...patient,
    }),
    tier('contract', { testMatch: ['**/test/contract/**/*.test.ts'], ...patient }),
    tier('live', { testMatch: ['**/test/live/**/*.test.ts'], testPathIgnorePatterns: TIMED, ...patient }),
    tier('timed', { testMatch: TIMED.map((file) => `**${file}`), ...patient }),
  ],
  coverageProvider: 'v8',
};
