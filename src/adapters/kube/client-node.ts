/** What is used of client-node. A file of its own, loaded lazily, so that a bundle holds this part of it and no more. */
export { KubeConfig } from '@kubernetes/client-node';
