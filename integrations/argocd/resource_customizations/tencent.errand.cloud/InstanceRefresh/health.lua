-- Generated from integrations/argocd/*.lua by `cargo xtask generate`.
-- Health of an operation of Errand.
local health = { status = "Progressing", message = "Errand has not looked at it yet" }
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "Errand has not looked at the last change yet"
  return health
end
local is = {}
for _, condition in ipairs(obj.status.conditions) do
  is[condition.type] = condition
end
if is.Ready == nil then
  return health
end
health.message = obj.status.summary or is.Ready.message
-- These wait for a time or for a person's payment, and nothing is wrong.
local patient = is.Ready.reason == "BeforeWindow" or is.Ready.reason == "WaitingForPayment"
if is.Suspended ~= nil and is.Suspended.status == "True" then
  health.status = "Suspended"
elseif is.Stalled ~= nil and is.Stalled.status == "True" then
  health.status = "Degraded"
elseif patient then
  health.status = "Suspended"
elseif is.Ready.status == "True" then
  health.status = "Healthy"
end
return health
