
describe('over HTTP nobody gets in with', () => {
  test('no credentials, or with two of them', async () => {
    const { authorization } = credentials.headers;
    expect(await post({ authorization: [] })).toBe(401);
    expect(await post({ authorization: [authorization, 'Bearer another'] })).toBe(401);
    expect(await post({ authorization: ['Bearer another', authorization] })).toBe(401);
  });

  test('credentials anywhere but in the header', async () => {
    const [, secret = ''] = credentials.headers.authorization.split(' ');
    const query = ['key', 'api_key', 'token', 'access_token'].map((name) => `${name}=${secret}`);
    const without = { authorization: [], cookie: query.join('; ') };
    expect(await post(without, `/mcp?${query.join('&')}`)).toBe(401);
  });
});
