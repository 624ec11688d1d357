MCP_API_KEYS: apiKeys.optional(),
MCP_API_KEYS_FILE: file.optional(),
