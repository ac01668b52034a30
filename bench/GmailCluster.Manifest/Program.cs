using GmailCluster.Manifest;

// Usage: GmailCluster.Manifest commit FOLDER SHARDS IMAGES_PER_SHARD | open FOLDER
switch (args)
{
    case ["commit", var folder, var shards, var size]:
        await SimulatedGeneration.Commit(folder, Number(shards), Number(size));
        return 0;
    case ["open", var folder]:
        await ManifestOpening.Measure(folder);
        return 0;
    default:
        Console.Error.WriteLine("Usage: commit FOLDER SHARDS IMAGES_PER_SHARD | open FOLDER");
        return 2;
}

static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
