# The controller in an image that holds nothing else. Both bases can be replaced, for a registry of one's own or by digest:
#
#   docker build --build-arg VERSION=v1.2.3 --build-arg BASE_IMAGE=scratch .

ARG GO_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot

# Cross-compiling is faster than emulating the other machine's compiler.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
# The modules change less often than the code: they stay in a layer of their own.
COPY go.mod go.sum ./
RUN go mod download
COPY *.go default.pgo ./
COPY api api
COPY cli cli
COPY controllers controllers
COPY dashboard dashboard
COPY proxy proxy
COPY tracing tracing
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
# See the Makefile for the tag.
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -tags grpcnotrace -ldflags "-s -w -X main.version=${VERSION}" -o /out/warren-ingress .

FROM ${BASE_IMAGE}
# Whom the ACME authority is trusted by. With these any base will do, an empty one too.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/warren-ingress /warren-ingress
# The number rather than a name: Kubernetes can then see by itself that it is not root.
USER 65532:65532
EXPOSE 8000 8443 8081 9090
ENTRYPOINT ["/warren-ingress"]
