namespace Docs.Tests;

/// <summary>Tests that share the packages, because packing takes its time.</summary>
[CollectionDefinition]
public sealed class PackedGroup : ICollectionFixture<PackedPackages>;
