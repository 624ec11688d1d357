cacheScope: 'public',
