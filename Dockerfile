# The program is built with the development tools and run without them.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY rules ./rules
RUN mkdir /var/lib/knockwatch && chown node:node /var/lib/knockwatch
# Routers are known by their addresses, which port mapping may replace: prefer `--network host`.
USER node
ENV KNOCKWATCH_STATE_DIR=/var/lib/knockwatch
VOLUME /var/lib/knockwatch
EXPOSE 5514/udp 5514/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["node", "dist/main.js", "status", "--quiet"]
CMD ["node", "dist/main.js", "run"]
