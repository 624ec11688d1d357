MCP_API_KEYS="first-client:$key" \
