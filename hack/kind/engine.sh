#!/usr/bin/env bash
# What the scripts of this folder have in common; they source it. work is a folder for what is made on the way.

# find_engine says which container engine runs: the first of docker, podman and nerdctl, or what
# KIND_EXPERIMENTAL_PROVIDER names.
find_engine() {
  local candidate
  for candidate in ${KIND_EXPERIMENTAL_PROVIDER:-docker podman nerdctl}; do
    if command -v "$candidate" >/dev/null && "$candidate" info >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  echo "no container engine runs, which kind makes its nodes with: start docker, podman or nerdctl" >&2
  return 1
}

# load CLUSTER IMAGE gets an image of the engine onto the nodes of a cluster.
load() {
  "$engine" save -o "$work/image.tar" "$2"
  bin/kind load image-archive --name "$1" "$work/image.tar"
  rm "$work/image.tar"
}

# program IMAGE FILE makes an image of one static program.
program() {
  mkdir "$work/program"
  cp "$2" "$work/program/program"
  printf '%s\n' 'FROM scratch' 'COPY program /program' 'USER 65532:65532' 'ENTRYPOINT ["/program"]' >"$work/program/Dockerfile"
  "$engine" build -t "$1" "$work/program"
  rm -r "$work/program"
}
