...httpSettings,
