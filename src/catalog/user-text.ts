/**
 * Text that a person typed. Templates can only give it to an encoder: turning it into a string in any other way throws,
 * so that a forgotten encoder fails the first test instead of producing a file that a quote can break.
 */
export class UserText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for encoders. */
  static reveal(value: UserText): string {
    return value.#text;
  }

  [Symbol.toPrimitive](): never {
    throw new Error('User text must go through an encoder, for example {{json description}}.');
  }
}
