const handler = createMcpHandler(() => createServer(app, principal));
const serve = (request: Request) => handler.fetch(request);
