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

/** `unit` needs nothing; `contract` runs fakes anywhere and real ones as root; `live` is all real and needs root. */
/** @type {import('jest').Config} */
module.exports = {
  projects: [
    tier('unit', { testMatch: ['**/*.test.ts'], testPathIgnorePatterns: ['/test/contract/', '/test/live/'] }),
    tier('contract', { testMatch: ['**/test/contract/**/*.test.ts'], ...patient }),
    tier('live', { testMatch: ['**/test/live/**/*.test.ts'], ...patient }),
  ],
  coverageProvider: 'v8',
};
