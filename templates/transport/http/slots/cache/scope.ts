cacheScope: 'private',
