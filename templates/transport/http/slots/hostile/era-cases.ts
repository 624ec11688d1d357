
test('gets its own answer, also when others use the same request ids', async () => {
  const { fetch } = createHttpHandler(await createTestApp());
  const connecting = Array.from({ length: 20 }, () => connectTo(fetch, era, credentials.headers));
  const clients = await Promise.all(connecting);
  const errors = clients.map((client, n) =>
    client.callTool({ name: `tool-${n}-` }).catch(String),
  );
  for (const [n, error] of (await Promise.all(errors)).entries()) {
    expect(error).toContain(`tool-${n}-`);
  }
});
