const metadata = serveMetadata(resource, request.method, pathname);
if (metadata) return firstRefusal(request, [hostGuard(config)]) ?? metadata;
