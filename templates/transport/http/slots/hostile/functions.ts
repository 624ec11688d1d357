
/** The status of the answer to a right request over a real connection, with `more` headers. */
async function post(more: Record<string, string | string[]>, path = '/mcp'): Promise<number> {
  const app = await createTestApp({ ALLOWED_ORIGINS: 'https://app.example' });
  const { answer } = createHttpHandler(app);
  const server = createNodeServer(answer, app.log).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const headers = {
    host: 'localhost',
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    connection: 'close',
    ...credentials.headers,
    ...more,
  };
  const raw = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers: raw });
  sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}
