/**
 * Settings of your own: environment variables by name, each with a zod schema, such as `SHOP_URL: z.url()`. Calls find them in
 * `ctx.config`; the server does not start while one is missing or wrong. Name them in `.env.example`, too.
 */
export const settings = {};
