const protocol = createProtocol(app);
const serve = async (request: Request) => {
  const body: unknown = request.method === 'POST' ? await request.json() : undefined;
  return toResponse(await protocol.answer(webRequest(request), body, principal));
};
