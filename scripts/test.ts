// Runs the suite, with --product the one of whole products, or the files whose paths hold one of the arguments, against
// real services. Nothing is cached: every run runs. The last line is always `N passed, N failed, N skipped`.
import { startVitest, type TestModule } from 'vitest/node';

const words = process.argv.slice(2);
const [first] = words;
const filters = words.filter((word) => word !== '--product');
// Named files are run wherever they belong.
const projects = first === '--product' ? ['product'] : filters.length > 0 ? ['*'] : ['together', 'apart'];
const vitest = await startVitest('test', filters, { run: true, watch: false, project: projects });

const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
// A file that cannot be loaded has no tests to fail, and an error outside any test belongs to none: both count.
const hasOwnErrors = (module: TestModule): boolean =>
  module.errors().length > 0 || [...module.children.allSuites()].some((suite) => suite.errors().length > 0);
const brokenModules = vitest.state.getTestModules().filter(hasOwnErrors).length;
const strayErrors = vitest.state.getUnhandledErrors().length;
const passed = count('passed');
const skipped = count('skipped');
// A test still pending at the end never got to its verdict.
const failed = count('failed') + count('pending') + brokenModules + strayErrors;

await vitest.close();
// An empty run proves nothing, so it does not pass.
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
