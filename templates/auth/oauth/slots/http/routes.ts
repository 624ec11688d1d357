const metadata = serveMetadata(resource, request.method, request.path);
if (metadata) return firstRefusal(request, [hostGuard(config)]) ?? metadata;
