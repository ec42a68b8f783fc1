-- Health of a CloudConnection of Errand.
local health = { status = "Progressing", message = "Errand has not looked at it yet" }
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "Errand has not looked at the last change yet"
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.reason == "SuspendedBySpec" then
      health.status = "Suspended"
    elseif condition.status == "True" or condition.reason == "NotProbed" then
      -- The first operation tries the key. A sync that waited for that would never
      -- come to it.
      health.status = "Healthy"
    elseif condition.status == "False" then
      health.status = "Degraded"
    end
  end
end
return health
