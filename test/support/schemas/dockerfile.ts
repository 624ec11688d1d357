/** Dockerfiles: syntax by `dockerfile-utils`, and what a production image must have. */
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

/** What a build stage makes in its working directory; an image with all of `node_modules` has 35 MB too much. */
const BUILT = ['/app/external', '/app/dist'];

/** Every mistake in the text; `exists` says whether the build context has a file or folder. */
export function dockerfileProblems(text: string, exists: (path: string) => boolean): string[] {
  const dockerfile = DockerfileParser.parse(text);
  const syntax = validate(text).map(
    ({ range, message }) => `line ${range.start.line + 1}: ${message}`,
  );
  return [
    ...syntax,
    ...dockerfile.getCOPYs().flatMap((copy) => missingSources(copy, exists)),
    ...missingInstructions(finalStage(dockerfile.getInstructions())),
    ...(/^#\s*syntax=/m.test(text) ? ['a syntax line downloads a frontend on every build'] : []),
  ];
}

function missingSources(copy: Copy, exists: (path: string) => boolean): string[] {
  const sources = copy.getArguments().slice(0, -1);
  return (
    sources
      .map((source) => source.getValue())
      .filter((source) => source !== '.' && !BUILT.includes(source))
      // The build stage has the whole context in /app.
      .filter((source) => !exists(source.replace(/^\/app\//, '')))
      .map((source) => `COPY ${source}: the project has no such file`)
  );
}

function finalStage(instructions: readonly Instruction[]): readonly Instruction[] {
  const last = instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM');
  return instructions.slice(last);
}

function missingInstructions(stage: readonly Instruction[]): string[] {
  const values = (keyword: string) =>
    stage
      .filter((instruction) => instruction.getKeyword() === keyword)
      .map((instruction) => instruction.getArgumentsContent() ?? '');
  const expected: readonly [string, RegExp][] = [
    // Kubernetes' runAsNonRoot can only check a number.
    ['USER', /^[1-9]\d*(:[1-9]\d*)?$/],
    ['EXPOSE', /^3000$/],
    ['STOPSIGNAL', /^SIGTERM$/],
    ['HEALTHCHECK', /127\.0\.0\.1/],
    // In exec form, so that node gets the signal.
    ['CMD', /^\["node", /],
    ['ENV', /NODE_ENV=production/],
  ];
  return expected
    .filter(([keyword, pattern]) => !values(keyword).some((value) => pattern.test(value)))
    .map(([keyword, pattern]) => `the final stage has no ${keyword} like ${pattern}`);
}
