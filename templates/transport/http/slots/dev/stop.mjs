builds.close();
clearTimeout(timer);
timer = undefined;
end(server, signal);
