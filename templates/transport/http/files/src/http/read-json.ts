import { refuse } from './json.js';

type ReadJson = { readonly body: unknown } | { readonly refusal: Response };

/** Reads a JSON body of at most `maxBytes` bytes; stops reading as soon as it is longer. */
export async function readJson(request: Request, maxBytes: number): Promise<ReadJson> {
  const tooLarge = { refusal: refuse(413, `The body may have ${maxBytes} bytes.`) };
  if (Number(request.headers.get('content-length')) > maxBytes) return tooLarge;

  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return tooLarge;
    chunks.push(chunk);
  }
  try {
    return {
      body: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))),
    };
  } catch {
    return { refusal: refuse(400, 'The body is not valid JSON.', undefined, -32_700) };
  }
}
