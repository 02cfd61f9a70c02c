-- Shapes REST answers: statuses and error bodies that the server put into metadata, empty 204s,
-- bracketed query lists. gRPC and gRPC-Web calls pass untouched. (envoy-transcoding.md 2.2)

local NAMES = {
  [400] = "bad_request", [401] = "unauthorized", [403] = "forbidden", [404] = "not_found", [405] = "method_not_allowed",
  [409] = "conflict", [412] = "precondition_failed", [413] = "file_too_large", [415] = "unsupported_file_type",
  [429] = "too_many_requests", [499] = "client_closed_request", [500] = "internal_server_error", [501] = "not_implemented",
  [503] = "service_unavailable", [504] = "gateway_timeout" }
local STRIP = { "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-accept-encoding", "x-envoy-upstream-service-time" }
local ESCAPE = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(s)
  s = s:gsub('[%c"\\]', function(c) return ESCAPE[c] or string.format("\\u%04x", c:byte()) end)
  return '"' .. s .. '"'
end

function envoy_on_request(h)
  local headers = h:headers()
  local ct = headers:get("content-type")
  if ct and ct:sub(1, 16) == "application/grpc" then return end
  h:streamInfo():dynamicMetadata():set("gw", "rest", true)
  headers:remove("x-rest-content-type")
  if ct then headers:add("x-rest-content-type", ct) end
  local path = headers:get(":path")
  local q = path:find("?", 1, true)
  if q then
    local tail, n = path:sub(q):gsub("%[%]=", "=")
    local tail2, m = tail:gsub("%%5[Bb]%%5[Dd]=", "=")
    if n + m > 0 then headers:replace(":path", path:sub(1, q - 1) .. tail2) end
  end
end

function envoy_on_response(h)
  local gw = h:streamInfo():dynamicMetadata():get("gw")
  if not (gw and gw["rest"]) then return end
  local headers = h:headers()
  local grpc, message = headers:get("grpc-status"), headers:get("grpc-message")
  local want = headers:get("x-http-status")
  for i = 1, #STRIP do headers:remove(STRIP[i]) end
  if want then headers:replace(":status", want); headers:remove("x-http-status") end
  local length = headers:get("x-content-length")
  if length then headers:replace("content-length", length); headers:remove("x-content-length") end

  if grpc and grpc ~= "0" then
    local body = headers:get("x-error-body")
    headers:remove("x-error-body")
    if body == nil then
      local status = tonumber(headers:get(":status"))
      message = (message or ""):gsub("%%(%x%x)", function(x) return string.char(tonumber(x, 16)) end)
      body = '{"code": ' .. quote(NAMES[status] or "internal_server_error") .. ', "message": ' .. quote(message) .. ', "status": ' .. status .. "}"
    end
    headers:replace("content-type", "application/json")
    local buffer = h:body(true)
    if buffer then buffer:setBytes(body) end
  elseif want == "204" then
    headers:remove("content-type")
    local buffer = h:body(true)              -- yields: header handles taken before this line are invalid
    if buffer then buffer:setBytes("") end
    h:headers():remove("content-length")
  elseif headers:get("content-type") == "text/event-stream" then
    headers:replace("content-type", "text/event-stream; charset=utf-8")
  end
end
