const visible =
  'uri' in resource
    ? access.allows('resource', resource.uri)
    : access.allowsSomeOf(resource.uriTemplate);
if (!visible) continue;
