MCP_API_KEYS: apiKeys,
MCP_API_KEYS_FILE: z.string().optional(),
