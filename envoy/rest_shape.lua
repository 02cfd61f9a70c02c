-- Shapes REST calls and their replies (envoy-transcoding.md 2.2). gRPC and gRPC-Web calls pass untouched.
--
-- Requests: bracketed query lists, HEAD, the client's content type for the server, and no header that
-- only gRPC may set. Replies: the status and the error body that the server put into metadata, empty
-- 204s, and the transcoder's complaints about a body. A stream of events is never looked into.
--
-- After body() or bodyChunks() header handles taken before are invalid.

local NAMES = {
  [400] = "bad_request", [401] = "unauthorized", [403] = "forbidden", [404] = "not_found", [405] = "method_not_allowed",
  [409] = "conflict", [412] = "precondition_failed", [413] = "request_entity_too_large", [415] = "unsupported_media_type",
  [429] = "too_many_requests", [499] = "client_closed_request", [501] = "not_implemented",
  [502] = "bad_gateway", [503] = "service_unavailable", [504] = "gateway_timeout" }
local FAILED = "The server encountered an internal error and was unable to complete your request. "
  .. "Either the server is overloaded or there is an error in the application."
local MALFORMED = '{"code":"bad_request","message":'
  .. '"The browser (or proxy) sent a request that this server could not understand.","status":400}\n'
local NOT_JSON = '{"code":"unsupported_media_type","message":"Did not attempt to load JSON data because the request '
  .. "Content-Type was not 'application/json'.\",\"status\":415}\n"
local STRIP = { "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-accept-encoding", "x-envoy-upstream-service-time" }
-- Set by the gateway itself; a client's own would be believed.
local OURS = { "x-envoy-original-path", "x-envoy-original-method", "x-rest-method", "x-rest-content-type", "x-rest-no-body",
  "x-rest-query" }
local ESCAPE = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(s)
  s = s:gsub('[%c"\\]', function(c) return ESCAPE[c] or string.format("\\u%04x", c:byte()) end)
  return '"' .. s .. '"'
end

-- A parameter's name as the transcoder compares it: plain characters unescaped, without the brackets of a list.
local function plain_name(name)
  name = name:gsub("%%(%x%x)", function(hex)
    local char = string.char(tonumber(hex, 16))
    return char:find("[%w_.%[%]]") and char or nil
  end)
  return (name:gsub("%[%]$", ""))
end

-- tag_ids[]=a and t%61g_ids%5B%5D=a become tag_ids=a; values stay as they are. What has no value is left out:
-- a published client sends `limit=` for a limit that its caller left open. A webhook reads the query as it was.
local function plain_query(headers)
  local path = headers:get(":path")
  local mark = path:find("?", 1, true)
  if not mark then return end
  local query = "&" .. path:sub(mark + 1)
  local plain = query:gsub("&([^&]*)", function(part)
    local name, value = part:match("^([^=]+)=(.+)$")
    return name and "&" .. plain_name(name) .. "=" .. value or ""
  end)
  if plain ~= query then
    headers:replace(":path", path:sub(1, mark - 1) .. plain:gsub("^&", "?"))
    if path:sub(1, 10) == "/triggers/" then headers:add("x-rest-query", query:sub(2)) end
  end
end

-- grpc-timeout, grpc-encoding and binary headers are for the gRPC library, which ends the call on a bad one.
local function drop_grpc_headers(headers)
  local drop
  for key, _ in pairs(headers) do
    if key:sub(1, 5) == "grpc-" or key:sub(-4) == "-bin" then
      drop = drop or {}
      drop[#drop + 1] = key
    end
  end
  if drop then
    for i = 1, #drop do headers:remove(drop[i]) end
  end
end

local function is_json(kind)
  local plain = (kind or ""):lower():match("^%s*([^;]-)%s*$") or (kind or ""):lower():match("^%s*([^;]-)%s*;")
  return plain == "application/json" or (plain or ""):sub(-5) == "+json"
end

-- Over HTTP/2 the headers do not say it; such a call is taken for one with an empty object.
local function has_no_body(headers, protocol)
  local length = headers:get("content-length")
  return length == "0" or (not length and not headers:get("transfer-encoding") and protocol == "HTTP/1.1")
end

function envoy_on_request(h)
  local headers = h:headers()
  for i = 1, #OURS do headers:remove(OURS[i]) end
  local kind = headers:get("content-type")
  if kind and kind:sub(1, 16) == "application/grpc" then return end
  local gw = h:streamInfo():dynamicMetadata()
  gw:set("gw", "rest", true)
  if kind then headers:add("x-rest-content-type", kind) end
  local verb = headers:get(":method")
  if verb ~= "GET" and verb ~= "HEAD" then
    local bare = has_no_body(headers, h:streamInfo():protocol())
    if bare then headers:add("x-rest-no-body", "1") end
    -- Most deletes have no body: what is wrong with one is its query.
    if not is_json(kind) and not (bare and verb == "DELETE") then gw:set("gw", "not_json", true) end
  end
  drop_grpc_headers(headers)
  plain_query(headers)
  if verb == "HEAD" and not h:metadata():get("no_head") then
    gw:set("gw", "head", true)
    headers:add("x-rest-method", "HEAD")
    headers:replace(":method", "GET")
  end
end

-- The body of an error whose server did not write one. Its own words stay inside from 500 on.
local function error_body(status, message)
  if status >= 500 then
    message = FAILED
  else
    message = (message or ""):gsub("%%(%x%x)", function(x) return string.char(tonumber(x, 16)) end)
  end
  return '{"code":' .. quote(NAMES[status] or "internal_server_error") .. ',"message":' .. quote(message)
    .. ',"status":' .. status .. "}"
end

-- What the transcoder says of a body: one wrong field is invalid_param, and named; all else is bad_request.
local function complaint(text)
  local head, message, tail = text:match('^(.-"message":")(.*)(","status":400}%s*)$')
  if not message then return nil end
  local object = message:match("^[%w_.%[%]]*: invalid value Starting an object on a scalar field for type ([%w_]+)$")
  if object then return head .. object .. ": an object is not allowed here" .. tail end
  if message:find("Proto field is not repeating, cannot start list", 1, true) == 3 then
    return head .. "a list was sent for a field that takes one value" .. tail
  end
  if message:find("^[%w_][%w_.%[%]]*: invalid value ") or message:find("^The binding value ") then
    message = message:gsub("for type TYPE_(%u[%u%d]*)$", function(kind) return "for type " .. kind:lower() end)
    message = message:gsub("for type type%.googleapis%.com/google%.protobuf%.Struct$", "for type object")
    return head .. message .. tail
  end
  return MALFORMED
end

local function empty_body(h)
  for chunk in h:bodyChunks() do
    if chunk:length() > 0 then chunk:setBytes("") end
  end
end

function envoy_on_response(h)
  local gw = h:streamInfo():dynamicMetadata():get("gw")
  if not (gw and gw["rest"]) then return end
  local headers = h:headers()
  local grpc, message = headers:get("grpc-status"), headers:get("grpc-message")
  local want = headers:get("x-http-status")
  for i = 1, #STRIP do headers:remove(STRIP[i]) end
  -- What CORS says depends on it, also when this time nothing was asked.
  headers:add("vary", "origin")
  if want then
    headers:replace(":status", want)
    headers:remove("x-http-status")
  end
  local length = headers:get("x-content-length")
  if length then
    headers:replace("content-length", length)
    headers:remove("x-content-length")
  end

  if grpc and grpc ~= "0" then
    local body = headers:get("x-error-body")
    headers:remove("x-error-body")
    headers:replace("content-type", "application/json")
    body = body or error_body(tonumber(headers:get(":status")), message)
    h:streamInfo():dynamicMetadata():set("gw", "code", body:match('"code": ?"([%w_]+)"') or "")
    if gw["head"] then return end
    local buffer = h:body(true)
    if buffer then buffer:setBytes(body) end
  elseif want == "204" then
    headers:remove("content-type")
    local buffer = h:body(true)
    if buffer then buffer:setBytes("") end
    h:headers():remove("content-length")
  elseif gw["head"] then
    empty_body(h)
  elseif not grpc and headers:get(":status") == "400" and headers:get("content-type") == "application/json" then
    local buffer = h:body(true)
    local size = buffer and buffer:length() or 0
    local said = size > 0 and buffer:getBytes(0, size) or ""
    local text = complaint(said)
    if text and gw["not_json"] and said:find('"code":"invalid_param"', 1, true) then
      buffer:setBytes(NOT_JSON)
      h:headers():replace(":status", "415")
    elseif text then
      buffer:setBytes(text)
    end
  elseif headers:get("content-type") == "text/event-stream" then
    headers:replace("content-type", "text/event-stream; charset=utf-8")
  end
end
