links: link === undefined ? [] : [{ context: link }],
