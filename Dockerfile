# cairn alone, for CI and for `cairn serve`: no shell, no git, no root.
#   docker build -t cairn .
#   docker run --rm -v "$PWD:/project:ro" -v ~/.aws:/aws:ro -e AWS_SHARED_CREDENTIALS_FILE=/aws/credentials cairn plan
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /cairn ./cmd/cairn

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /cairn /cairn
USER 65532:65532
WORKDIR /project
ENTRYPOINT ["/cairn"]
