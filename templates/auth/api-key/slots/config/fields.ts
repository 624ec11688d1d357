MCP_API_KEYS: z.string().transform(parseApiKeys),
