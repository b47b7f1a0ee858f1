-- A script of wrk: posts the bodies of a file, a line each, in turn.
--   wrk -t1 -c32 -d10s -s post.lua URL -- PATH FILE [KEY]
-- Prints a JSON object: requests, seconds, errors, and percentiles of the latency in milliseconds.
local bodies, path, headers, turn = {}, "", {}, 0

function init(arguments)
   path = arguments[1]
   if arguments[2] ~= "-" then
      for line in io.lines(arguments[2]) do bodies[#bodies + 1] = line end
   end
   headers["Content-Type"] = "application/json"
   if arguments[3] then headers["Authorization"] = "Bearer " .. arguments[3] end
   -- Formatted once: the client must be light, it shares the cores with the server.
   for i, body in ipairs(bodies) do bodies[i] = wrk.format("POST", path, headers, body) end
   if #bodies == 0 then bodies[1] = wrk.format("GET", path, headers) end
end

function request()
   turn = turn % #bodies + 1
   return bodies[turn]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %.4f, "p95": %.4f, "p99": %.4f, "max": %.4f}\n',
      summary.requests, summary.duration / 1e6,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout,
      latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
