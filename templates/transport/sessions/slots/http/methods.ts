const methods = ['POST', 'GET', 'DELETE'];
