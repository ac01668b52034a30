using System.Globalization;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Pace;
using GmailCluster.Specs;

// Usage: bare|run|silo SPEC STORE SLOTS [CLUSTER [PRIMARY]]
// A process of bench/scaling/compare and bench/overhead/compare, which tell it in lines what to do:
//   expect FROM STEPS   a training is about to begin: its steps after FROM are timed up to STEPS
//   train JSON          train to the end (of several silos, one is told)
//   report              the figures of this process, as JSON
var (kind, store, slots) = (args[0], ObjectStores.Open(args[2]), int.Parse(args[3], CultureInfo.InvariantCulture));
var plans = new TrainingPlans(SpecReader.Read(args[1]), store);
using var watch = new StepWatch();
await using ITrainer trainer = kind switch
{
    "bare" => new BareTrainer(store, slots, watch),
    "run" => await ClusterTrainer.Embedded(store, slots),
    _ => await ClusterTrainer.Silo(args[2], slots, args[4], args.ElementAtOrDefault(5)),
};
Console.WriteLine(trainer.Address);
while (Console.ReadLine() is { } line)
{
    var words = line.Split(' ', 2);
    switch (words[0])
    {
        case "expect":
            var numbers = words[1].Split(' ').Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray();
            watch.Expect(numbers[0], numbers[1]);
            Console.WriteLine("ready");
            break;
        case "train":
            var planned = await plans.Plan(JsonSerializer.Deserialize<TrainingOrder>(words[1], JsonSerializerOptions.Web)!);
            watch.Begin();
            await trainer.Train(planned);
            watch.End();
            Console.WriteLine("trained");
            break;
        default:
            Console.WriteLine(JsonSerializer.Serialize(watch.Figures, JsonSerializerOptions.Web));
            break;
    }
}
