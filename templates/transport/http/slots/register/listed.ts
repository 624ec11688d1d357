resources: listed.filter(({ uri }) => access.allows('resource', uri)),
