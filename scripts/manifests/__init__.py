"""The Kubernetes manifests: what can be rendered, which schemas and which rules it must satisfy."""
