/** Times of programs, side by side. */
import { spawn } from 'node:child_process';

/** The middle of some numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds until a program has ended. Rejects with its output when it fails. */
export function time(command, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}:\n${output}`));
    });
  });
}

/**
 * Runs all variants once per round, in turn, so that a slow moment of the machine meets them all. A variant is a
 * function that gives a number. Returns the numbers of each, by name.
 */
export async function interleave(variants, rounds, warmups = 1) {
  const names = Object.keys(variants);
  const numbers = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmups; round < rounds; round += 1) {
    const order = round % 2 ? names : [...names].reverse();
    for (const name of order) {
      const value = await variants[name](round);
      if (round >= 0) numbers[name].push(value);
    }
  }
  return numbers;
}

/** The median of the ratios of each round. */
export function ratio(numbers, name, base) {
  return median(numbers[name].map((value, round) => value / numbers[base][round]));
}
