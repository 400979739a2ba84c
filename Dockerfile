# One image for every program of weibao; docker-compose.yml runs each service of a cell in a container of its own.
#
#   docker build -t weibao .
#   docker build --build-arg APT_MIRROR=http://HOST/debian -t weibao .     (its security archive: HOST/debian-security)
#
# The packages stand in tools/packages.txt, as for a build without containers.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS base
ARG APT_MIRROR=
ARG APT_SECURITY_MIRROR=
RUN if [ -n "$APT_MIRROR" ]; then \
		rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; \
		printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
			"${APT_MIRROR%/}" "${APT_MIRROR%/}" "${APT_SECURITY_MIRROR:-${APT_MIRROR%/}-security}" \
			>/etc/apt/sources.list; \
	fi
COPY tools/packages.txt /usr/share/weibao/packages.txt

FROM base AS build
RUN apt-get update && \
	awk '$1 == "build" { print $2 }' /usr/share/weibao/packages.txt | \
		DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends && \
	rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Tests are built and run by ./dev test, not here: only what the image holds.
RUN cmake --preset release -Wno-dev && \
	ninja -C build/release && \
	mkdir -p /out/bin && \
	cp build/release/bin/weibao-* /out/bin/ && \
	rm -f /out/bin/weibao-bench* /out/bin/weibao-demo && \
	strip --strip-debug /out/bin/*

FROM base
RUN apt-get update && \
	awk '$1 == "image" { print $2 }' /usr/share/weibao/packages.txt | \
		DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends && \
	rm -rf /var/lib/apt/lists/* && \
	groupadd --gid 10001 weibao && \
	useradd --uid 10001 --gid weibao --no-create-home --home-dir /data --shell /usr/sbin/nologin weibao && \
	install -d -o weibao -g weibao -m 0700 /data /curve /keys && \
	cd /keys && install -d -o weibao -g weibao -m 0700 \
		journal intake dispatch sla-timer survey reporting identity gateway
COPY --from=build /out/bin/ /usr/local/bin/
# A new volume on /data, /curve or a folder of /keys takes its owner and mode from here.
USER weibao
WORKDIR /data
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["weibao-up", "--help"]
