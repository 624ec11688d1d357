
describe('over HTTP', () => {
  const app = 'https://app.example';

  test.each([
    ['one that is right', {}, 200],
    ['one from an allowed origin', { origin: app }, 200],
    ['another host', { host: 'evil.example' }, 403],
    ['an allowed host and another', { host: ['localhost', 'evil.example'] }, 400],
    ['the same host twice', { host: ['localhost', 'localhost'] }, 400],
    ['a host with a dot at its end', { host: 'localhost.' }, 403],
    ['an origin that begins like an allowed one', { origin: `${app}.evil.example` }, 403],
    ['an allowed origin and another', { origin: [app, 'https://evil.example'] }, 403],
    ['an origin without a name', { origin: 'null' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['two content types', { 'content-type': ['application/json', 'text/plain'] }, 415],
    ['another character set', { 'content-type': 'application/json; charset=utf-7' }, 415],
  ])('a request: %s', async (_, headers, status) => {
    expect(await post(headers)).toBe(status);
  });
});
