#include "sim/eks/api/field_schema.hh"

#include <fmt/format.h>

#include <map>

#include "sim/base/assert.hh"
#include "sim/base/near_miss.hh"

namespace ekspath {
namespace {

/// A type a line: its fields, each with its type; `T*` is a list of T. Leaves: s text, i integer, b boolean,
/// is integer or text, q quantity, m text by text, x whatever is there. k8s.io/api 1.31: core/v1, apps/v1,
/// discovery/v1, networking/v1, rbac/v1 types.go
constexpr std::string_view schema_text =
    R"(ObjectMeta annotations:m creationTimestamp:s deletionGracePeriodSeconds:i deletionTimestamp:s finalizers:s* generateName:s generation:i labels:m managedFields:x name:s namespace:s ownerReferences:OwnerReference* resourceVersion:s selfLink:s uid:s
OwnerReference apiVersion:s blockOwnerDeletion:b controller:b kind:s name:s uid:s
LabelSelector matchExpressions:Requirement* matchLabels:m
Requirement key:s operator:s values:s*
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
PodSpec activeDeadlineSeconds:i affinity:Affinity automountServiceAccountToken:b containers:Container* dnsConfig:DnsConfig dnsPolicy:s enableServiceLinks:b ephemeralContainers:x hostAliases:HostAlias* hostIPC:b hostNetwork:b hostPID:b hostUsers:b hostname:s imagePullSecrets:LocalReference* initContainers:Container* nodeName:s nodeSelector:m os:x overhead:m preemptionPolicy:s priority:i priorityClassName:s readinessGates:x resourceClaims:x restartPolicy:s runtimeClassName:s schedulerName:s schedulingGates:x securityContext:PodSecurityContext serviceAccount:s serviceAccountName:s setHostnameAsFQDN:b shareProcessNamespace:b subdomain:s terminationGracePeriodSeconds:i tolerations:Toleration* topologySpreadConstraints:TopologySpreadConstraint* volumes:Volume*
LocalReference name:s
HostAlias hostnames:s* ip:s
DnsConfig nameservers:s* options:DnsOption* searches:s*
DnsOption name:s value:s
Toleration effect:s key:s operator:s tolerationSeconds:i value:s
TopologySpreadConstraint labelSelector:LabelSelector matchLabelKeys:s* maxSkew:i minDomains:i nodeAffinityPolicy:s nodeTaintsPolicy:s topologyKey:s whenUnsatisfiable:s
Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:PreferredNode* requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
NodeSelector nodeSelectorTerms:NodeSelectorTerm*
NodeSelectorTerm matchExpressions:Requirement* matchFields:Requirement*
PreferredNode preference:NodeSelectorTerm weight:i
PodAffinity preferredDuringSchedulingIgnoredDuringExecution:PreferredPod* requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm*
PreferredPod podAffinityTerm:PodAffinityTerm weight:i
PodAffinityTerm labelSelector:LabelSelector matchLabelKeys:s* mismatchLabelKeys:s* namespaceSelector:LabelSelector namespaces:s* topologyKey:s
Container args:s* command:s* env:EnvVar* envFrom:x image:s imagePullPolicy:s lifecycle:Lifecycle livenessProbe:Probe name:s ports:ContainerPort* readinessProbe:Probe resizePolicy:x resources:Resources restartPolicy:s securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:x volumeMounts:VolumeMount* workingDir:s
EnvVar name:s value:s valueFrom:x
ContainerPort containerPort:i hostIP:s hostPort:i name:s protocol:s
Lifecycle postStart:LifecycleHandler preStop:LifecycleHandler
LifecycleHandler exec:ExecAction httpGet:HttpGet sleep:Sleep tcpSocket:TcpSocket
Sleep seconds:i
Probe exec:ExecAction failureThreshold:i grpc:Grpc httpGet:HttpGet initialDelaySeconds:i periodSeconds:i successThreshold:i tcpSocket:TcpSocket terminationGracePeriodSeconds:i timeoutSeconds:i
ExecAction command:s*
Grpc port:i service:s
HttpGet host:s httpHeaders:HttpHeader* path:s port:is scheme:s
HttpHeader name:s value:s
TcpSocket host:s port:is
Resources claims:x limits:mq requests:mq
PodSecurityContext appArmorProfile:x fsGroup:i fsGroupChangePolicy:s runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:x seccompProfile:x supplementalGroups:x supplementalGroupsPolicy:s sysctls:DnsOption* windowsOptions:x
SecurityContext allowPrivilegeEscalation:b appArmorProfile:x capabilities:Capabilities privileged:b procMount:s readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:x seccompProfile:x windowsOptions:x
Capabilities add:s* drop:s*
VolumeMount mountPath:s mountPropagation:s name:s readOnly:b recursiveReadOnly:s subPath:s subPathExpr:s
Volume awsElasticBlockStore:x azureDisk:x azureFile:x cephfs:x cinder:x configMap:x csi:x downwardAPI:x emptyDir:x ephemeral:x fc:x flexVolume:x flocker:x gcePersistentDisk:x gitRepo:x glusterfs:x hostPath:x image:x iscsi:x name:s nfs:x persistentVolumeClaim:x photonPersistentDisk:x portworxVolume:x projected:x quobyte:x rbd:x scaleIO:x secret:x storageos:x vsphereVolume:x
Pod metadata:ObjectMeta spec:PodSpec status:x
Deployment metadata:ObjectMeta spec:DeploymentSpec status:x
DeploymentSpec minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i selector:LabelSelector strategy:Strategy template:PodTemplateSpec
Strategy rollingUpdate:RollingUpdate type:s
RollingUpdate maxSurge:is maxUnavailable:is
ReplicaSet metadata:ObjectMeta spec:ReplicaSetSpec status:x
ReplicaSetSpec minReadySeconds:i replicas:i selector:LabelSelector template:PodTemplateSpec
DaemonSet metadata:ObjectMeta spec:DaemonSetSpec status:x
DaemonSetSpec minReadySeconds:i revisionHistoryLimit:i selector:LabelSelector template:PodTemplateSpec updateStrategy:Strategy
Service metadata:ObjectMeta spec:ServiceSpec status:x
ServiceSpec allocateLoadBalancerNodePorts:b clusterIP:s clusterIPs:s* externalIPs:s* externalName:s externalTrafficPolicy:s healthCheckNodePort:i internalTrafficPolicy:s ipFamilies:s* ipFamilyPolicy:s loadBalancerClass:s loadBalancerIP:s loadBalancerSourceRanges:s* ports:ServicePort* publishNotReadyAddresses:b selector:m sessionAffinity:s sessionAffinityConfig:SessionAffinityConfig trafficDistribution:s type:s
ServicePort appProtocol:s name:s nodePort:i port:i protocol:s targetPort:is
SessionAffinityConfig clientIP:ClientIp
ClientIp timeoutSeconds:i
Endpoints metadata:ObjectMeta subsets:EndpointSubset*
EndpointSubset addresses:EndpointAddress* notReadyAddresses:EndpointAddress* ports:EndpointPort*
EndpointAddress hostname:s ip:s nodeName:s targetRef:TargetReference
EndpointPort appProtocol:s name:s port:i protocol:s
TargetReference apiVersion:s fieldPath:s kind:s name:s namespace:s resourceVersion:s uid:s
EndpointSlice addressType:s endpoints:SliceEndpoint* metadata:ObjectMeta ports:EndpointPort*
SliceEndpoint addresses:s* conditions:SliceConditions deprecatedTopology:m hints:x hostname:s nodeName:s targetRef:TargetReference zone:s
SliceConditions ready:b serving:b terminating:b
ConfigMap binaryData:m data:m immutable:b metadata:ObjectMeta
Secret data:m immutable:b metadata:ObjectMeta stringData:m type:s
Namespace metadata:ObjectMeta spec:NamespaceSpec status:x
NamespaceSpec finalizers:s*
Node metadata:ObjectMeta spec:x status:x
Event metadata:ObjectMeta action:s count:i eventTime:x firstTimestamp:x involvedObject:x lastTimestamp:x message:s reason:s related:x reportingComponent:s reportingInstance:s series:x source:x type:s
ENIConfig metadata:ObjectMeta spec:EniConfigSpec status:x
EniConfigSpec securityGroups:s* subnet:s
ServiceAccount automountServiceAccountToken:b imagePullSecrets:LocalReference* metadata:ObjectMeta secrets:x
Role metadata:ObjectMeta rules:PolicyRule*
ClusterRole aggregationRule:x metadata:ObjectMeta rules:PolicyRule*
PolicyRule apiGroups:s* nonResourceURLs:s* resourceNames:s* resources:s* verbs:s*
RoleBinding metadata:ObjectMeta roleRef:RoleRef subjects:Subject*
ClusterRoleBinding metadata:ObjectMeta roleRef:RoleRef subjects:Subject*
RoleRef apiGroup:s kind:s name:s
Subject apiGroup:s kind:s name:s namespace:s
Ingress metadata:ObjectMeta spec:IngressSpec status:x
IngressSpec defaultBackend:IngressBackend ingressClassName:s rules:IngressRule* tls:x
IngressRule host:s http:IngressHttp
IngressHttp paths:IngressPath*
IngressPath backend:IngressBackend path:s pathType:s
IngressBackend resource:x service:IngressService
IngressService name:s port:IngressPort
IngressPort name:s number:i
IngressClass metadata:ObjectMeta spec:x
NetworkPolicy metadata:ObjectMeta spec:x
PodDisruptionBudget metadata:ObjectMeta spec:x status:x
PriorityClass description:s globalDefault:b metadata:ObjectMeta preemptionPolicy:s value:i
)";

struct SchemaField {
  std::string_view type;
  bool is_list = false;
};
using SchemaType = std::map<std::string_view, SchemaField>;

std::string_view take_word(std::string_view& text, std::string_view ends) {
  const std::size_t end = std::min(text.find_first_of(ends), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

const std::map<std::string_view, SchemaType>& schema() {
  static const std::map<std::string_view, SchemaType> types = [] {
    std::map<std::string_view, SchemaType> read;
    std::string_view rest = schema_text;
    while (!rest.empty()) {
      std::string_view line = take_word(rest, "\n");
      SchemaType& type = read[take_word(line, " ")];
      while (!line.empty()) {
        std::string_view field = take_word(line, " ");
        const std::string_view name = take_word(field, ":");
        const bool is_list = field.ends_with('*');
        if (is_list) field.remove_suffix(1);
        type[name] = {field, is_list};
      }
    }
    return read;
  }();
  return types;
}

std::string_view json_word(const Document& value) {
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_number()) return "number";
  if (value.is_array()) return "array";
  return "object";
}

class Checker {
 public:
  std::vector<FieldError> errors;

  void check_object(std::string_view type_name, const Document& value, const std::string& path) {
    if (!value.is_object()) return wrong(value, path, type_name);
    const auto type = schema().find(type_name);
    ASSERT(type != schema().end());
    for (const auto& [key, one] : value.items()) {
      if (path.empty() && (key == "apiVersion" || key == "kind")) continue;
      const std::string at = path.empty() ? key : path + "." + key;
      const auto field = type->second.find(key);
      if (field == type->second.end()) {
        unknown(key, at, type->second);
      } else if (!one.is_null()) {
        check_field(field->second, one, at);
      }
    }
  }

 private:
  void check_field(const SchemaField& field, const Document& value, const std::string& path) {
    if (!field.is_list) return check_value(field.type, value, path);
    if (!value.is_array()) return wrong(value, path, "[]" + std::string(go_type(field.type)));
    for (std::size_t i = 0; i < value.size(); ++i)
      check_value(field.type, value[i], fmt::format("{}[{}]", path, i));
  }

  void check_value(std::string_view type, const Document& value, const std::string& path) {
    const bool number = value.is_number_integer();
    if (type == "x") return;
    if (type == "s") {
      if (!value.is_string()) wrong(value, path, "string");
    } else if (type == "i") {
      if (!number) wrong(value, path, "int32");
    } else if (type == "b") {
      if (!value.is_boolean()) wrong(value, path, "bool");
    } else if (type == "is") {
      if (!number && !value.is_string()) wrong(value, path, "intstr.IntOrString");
    } else if (type == "m" || type == "mq") {
      check_map(type, value, path);
    } else {
      check_object(type, value, path);
    }
  }

  void check_map(std::string_view type, const Document& value, const std::string& path) {
    if (!value.is_object()) return wrong(value, path, "map[string]string");
    for (const auto& [key, one] : value.items()) {
      const bool good = one.is_string() || (type == "mq" && one.is_number()) || one.is_null();
      if (!good) wrong(one, path + "." + key, "string");
    }
  }

  static std::string_view go_type(std::string_view type) {
    if (type == "s") return "string";
    if (type == "i") return "int32";
    return type;
  }

  /// apimachinery pkg/runtime/serializer/json: the decoder's own words.
  void wrong(const Document& value, const std::string& path, std::string_view type) {
    errors.push_back({FieldError::Class::wrong_type, path,
                      fmt::format("json: cannot unmarshal {} into Go struct field {} of type {}",
                                  json_word(value), path, type),
                      ""});
  }

  void unknown(const std::string& key, const std::string& path, const SchemaType& type) {
    std::vector<std::string_view> names;
    for (const auto& [name, field] : type) names.push_back(name);
    errors.push_back({FieldError::Class::unknown_field, path, fmt::format("unknown field \"{}\"", path),
                      near_miss(key, std::span<const std::string_view>(names))});
  }
};

}  // namespace

std::vector<FieldError> check_fields(ObjectKind kind, const Document& document) {
  Checker checker;
  checker.check_object(info(kind).name, document, "");
  return std::move(checker.errors);
}

}  // namespace ekspath
