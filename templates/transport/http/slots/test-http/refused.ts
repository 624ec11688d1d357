['GET', { method: 'GET' }, 405],
['DELETE', { method: 'DELETE' }, 405],
