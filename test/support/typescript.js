/** `node -r ./test/support/typescript.js program.ts`: runs a TypeScript program as it is, for tests that kill processes. */
const { transformFileSync } = require('@swc/core');

const options = { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };
require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
