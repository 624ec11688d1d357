/**
 * The end of `.ci/run`: what failed, what was skipped and why, and the counts on a line of their own. Each test counts,
 * and each step without tests. Exits with 1 when anything failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [work, leftOutFile, seconds] = process.argv.slice(2);
const lines = (file) =>
  (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []).filter(Boolean);

const count = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];

console.log('\n=== summary');
for (const line of lines(join(work, 'steps'))) {
  const [name, status, seconds] = line.split('\t');
  const file = join(work, 'results', `${name}.json`);
  const failedTests = existsSync(file)
    ? readResults(name, JSON.parse(readFileSync(file, 'utf8')))
    : 0;
  const ok = status === '0';
  if (!existsSync(file) && ok) count.passed += 1;
  // A step may fail without a failed test: it crashed, or ran out of time.
  if (!ok && failedTests === 0) {
    count.failed += 1;
    failures.push(`${name} (exit code ${status})`);
  }
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)`);
}

function readResults(step, { testResults }) {
  let failed = 0;
  for (const { name: file, assertionResults, status, message } of testResults) {
    for (const { fullName, status: result } of assertionResults) {
      const name = `${step}: ${file.split('/test/').at(-1)}: ${fullName}`;
      if (result === 'passed') count.passed += 1;
      else if (result === 'failed') failures.push(name);
      else skips.push(name);
      failed += result === 'failed' ? 1 : 0;
    }
    // A file that could not be loaded has no tests.
    if (status === 'failed' && !assertionResults.some((one) => one.status === 'failed')) {
      failed += 1;
      failures.push(`${step}: ${file.split('/test/').at(-1)}: ${message.split('\n')[0]}`);
    }
  }
  count.failed += failed;
  return failed;
}

console.log(`        in all: ${seconds} s`);

count.skipped = skips.length;
print('Failed', failures);
print('Skipped', skips);
print('Left out, and why', [...new Set(lines(leftOutFile))]);
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;

function print(title, items) {
  if (items.length > 0) console.log(`\n${title}:\n${items.map((item) => `- ${item}`).join('\n')}`);
}
