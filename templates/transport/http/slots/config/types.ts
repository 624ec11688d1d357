/** Comma-separated, without blanks. */
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** A text that signs something. */
const secret = z.string().superRefine((text, ctx) => {
  const weakness = weaknessOf(text);
  if (weakness !== undefined) ctx.addIssue(weakness);
});
