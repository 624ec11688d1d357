
test('over stdio: garbage between two messages changes nothing', async () => {
  const script = fileURLToPath(new URL('../dist/stdio.js', import.meta.url));
  const server = spawn(process.execPath, [script], { env: { ...process.env, ...requiredEnv } });
  onTestFinished(() => void server.kill('SIGKILL'));
  const clientInfo = { name: 'test', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const hello = JSON.stringify({ jsonrpc: '2.0', id: 'a\r\nb', method: 'initialize', params });
  server.stdin.write(`garbage\n{"jsonrpc":\n[]\n\u0000\u001b[2J\n${hello.slice(0, 20)}`);
  server.stdin.write(`${hello.slice(20)}\n`);
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
  expect(JSON.parse(line)).toMatchObject({ id: 'a\r\nb', result: { serverInfo: {} } });
});
