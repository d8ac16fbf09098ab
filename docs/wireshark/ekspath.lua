-- Shows what the simulator says of each packet of trace.pcapng: who decided, what was translated, and the same packet's
-- sightings before and after as links. Reads the packet comments (docs/captures.md). For Wireshark 4.0 and later.
set_plugin_info { version = "0.1.0", description = "ekspath: the path of a packet through an EKS cluster" }

local path = Proto("ekspath", "EKS packet path")
local comment_of = Field.new("frame.comment")

local fields = {}
for _, key in ipairs { "trace", "flow", "hop" } do
  fields[key] = ProtoField.uint32("ekspath." .. key, key)
end
for _, key in ipairs { "verdict", "rule", "nat", "ct", "reason", "at", "text" } do
  fields[key] = ProtoField.string("ekspath." .. key, key)
end
local decision = ProtoField.string("ekspath.decision", "decision")
local previous = ProtoField.framenum("ekspath.prev", "prev hop in frame")
local following = ProtoField.framenum("ekspath.next", "next hop in frame")
local dropped = ProtoExpert.new("ekspath.drop", "Dropped", expert.group.SEQUENCE, expert.severity.WARN)

local list = { decision, previous, following }
for _, field in pairs(fields) do list[#list + 1] = field end
path.fields = list
path.experts = { dropped }

local shown = { "trace", "flow", "hop", "verdict", "rule", "nat", "ct", "reason", "at" }
local sightings = {}
function path.init() sightings = {} end

local function unescape(value)
  return (value:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- The words of a comment. The text is the last one, and the only one with blanks.
local function words_of(comment)
  local words = {}
  local head, text = comment:match('^(.-) text="(.*)"$')
  for key, value in (head or comment):gmatch("(%w+)=(%S+)") do words[key] = unescape(value) end
  words.text = text
  return words
end

function path.dissector(_, pinfo, tree)
  local words = {}
  for _, comment in ipairs { comment_of() } do
    for key, value in pairs(words_of(comment.value)) do words[key] = value end
  end
  if not words.trace then return end

  local branch = tree:add(path, "EKS packet path, hop " .. (words.hop or "?"))
  for _, key in ipairs(shown) do
    if words[key] then branch:add(fields[key], tonumber(words[key]) or words[key]):set_generated() end
  end
  if words.text then
    local text = branch:add(fields.text, unescape(words.text)):set_generated()
    for one in (words.text .. " | "):gmatch("(.-) | ") do text:add(decision, unescape(one)):set_generated() end
  end
  if words.verdict == "DROP" then
    branch:add_proto_expert_info(dropped, "Dropped: " .. (words.reason or "?") .. " by " .. (words.rule or "?"))
  end

  -- The first pass of tshark without a filter builds no tree and does not come here: hence "if absent", not pinfo.visited.
  local seen = sightings[words.trace] or { at = {} }
  sightings[words.trace] = seen
  if not seen.at[pinfo.number] then
    seen[#seen + 1] = pinfo.number
    seen.at[pinfo.number] = #seen
  end
  local index = seen.at[pinfo.number]
  if seen[index - 1] then branch:add(previous, seen[index - 1]):set_generated() end
  if seen[index + 1] then branch:add(following, seen[index + 1]):set_generated() end
end

register_postdissector(path)
