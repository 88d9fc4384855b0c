/** `node -r ./test/support/typescript.js program.ts`: runs a TypeScript program as it is, for tests that kill processes. */
const { transformFileSync } = require('@swc/core');

const options = { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };
// As the compiler does: beside a JSON file of the same name it is the program that is meant.
const json = require.extensions['.json'];
delete require.extensions['.json'];
require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
require.extensions['.json'] = json;
